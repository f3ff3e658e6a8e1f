//! Recurrent models: their files, what they compute, and what is made of it.

mod files;
mod hdf5;
mod parity;
mod real;
