"""The systems: methods of mapping melt, trained on the aligned streams, behind one interface."""
