"""From cosines to scores that mean the same for every modality and space."""
