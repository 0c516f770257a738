"""What the workflow plans with: settings, places of files, resources and jobs."""
