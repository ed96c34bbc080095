//! What must hold for every input: the tree against a naive one, the canonical form against itself.
