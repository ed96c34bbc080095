//! Bad input: data files, settings, tenants and names that mean harm or are merely broken.

mod data_files;
mod large;
mod limits;
mod names;
mod secrets;
mod tenants;
