"""Commands for a person: what is ready, what archives hold, retrieval by hand, export."""
