//! The files a catalog is read from: those compiled in, and folders a user adds.
