"""The paths of Graph, one module for each kind of resource."""
