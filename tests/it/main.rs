//! Stories about the product as a whole: one binary, one file a story.

mod layers;
mod start;
mod stores;
mod support;
