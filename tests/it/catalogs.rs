//! Catalogs as their users keep them: folders of their own, published ones that they import, and what is shown of all.

mod facts;
mod importing;
mod own;
