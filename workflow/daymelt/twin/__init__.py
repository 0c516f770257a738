"""The synthetic world of the embedded area: its truth, what each instrument observes of it, and
files in the providers' formats.
"""
