"""The protocols of Hasten as models, apart from its code."""
