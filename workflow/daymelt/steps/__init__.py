"""One folder a stage, one module a rule: read, compute, write. The only place where the rooms
meet.
"""
