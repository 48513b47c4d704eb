"""The one configuration file, crosstie.toml: read, validated, frozen."""
