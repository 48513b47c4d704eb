"""One folder a tracker, all of one shape, behind the contract in connectors.base."""
