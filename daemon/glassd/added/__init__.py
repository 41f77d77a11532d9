"""The drivers that `glassd driver add` has put beside the glassd of the Debian package."""
