"""`make demo`: plays a story on an emulated tenant and proves what came of it."""
