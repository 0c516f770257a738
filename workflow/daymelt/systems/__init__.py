"""Every way of mapping melt, behind one interface: learn from the aligned streams, then say the
melt fraction of any day.
"""
