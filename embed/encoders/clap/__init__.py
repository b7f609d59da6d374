"""Encoders of LAION-CLAP: texts and sounds, from official checkpoints and their ports."""
