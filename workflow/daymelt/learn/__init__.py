"""The networks: channels, samples, training, inference. The only room that imports torch."""
