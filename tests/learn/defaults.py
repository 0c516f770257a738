"""Options of the default network, of its training, and of the default forest."""

from dataclasses import asdict, replace

from daymelt.learn.random_forest import ForestOptions
from daymelt.settings.config import Config
from daymelt.settings.learning import Training
from daymelt.systems import random_forest
from daymelt.systems.network import network_options, training_options

NETWORK = network_options(Config().resolve("unet-smp").options["model"])
TRAINING = replace(
    training_options(Training().model_dump(mode="json"), threads=0), validate_every=1
)
FOREST = ForestOptions(
    **{
        name: value
        for name, value in asdict(random_forest.Options()).items()
        if name in ForestOptions.__dataclass_fields__
    }
)
