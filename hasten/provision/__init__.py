"""From ledger rows to on-demand calls, and from their answers to proof."""
