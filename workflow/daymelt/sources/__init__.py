"""One reader and one retriever a provider's product."""
