"""A stand-in of a Dataverse environment with premium plans."""
