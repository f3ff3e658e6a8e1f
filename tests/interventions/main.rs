//! Heads turned off, edges cut, tokens replaced, activations patched: held against PyTorch (`tests/data/
//! make_interventions.py`) and against what the seam promises, for every checkpoint of `tests/data/models`.

mod changes;
mod patching;
mod reference;
