"""What `import daymelt` offers: the maps of an area, and steps on arrays of one's own."""
