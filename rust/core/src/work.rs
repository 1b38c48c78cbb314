//! Work cut into numbered steps, so that any number of threads may take them in any order.
