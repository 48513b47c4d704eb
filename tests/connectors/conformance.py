"""The shipped conformance suite under the name that the connectors' tests know."""

from connectors.conformance import ConnectorContract, Seen, Trial, fold, pull, stored_pages

__all__ = ["ConnectorContract", "Seen", "Trial", "fold", "pull", "stored_pages"]
