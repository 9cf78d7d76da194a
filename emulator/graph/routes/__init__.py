"""Implements the paths of Graph, one module for each kind of resource."""
