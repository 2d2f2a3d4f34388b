"""Every page in every state, as pictures: `make gallery` writes them to var/gallery, to be looked at."""
