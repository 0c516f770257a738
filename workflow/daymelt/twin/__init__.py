"""The embedded inputs: a known world, what each instrument would see of it, and files in the
providers' formats.
"""
