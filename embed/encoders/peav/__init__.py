"""Encoders of PE-AV: texts, sounds and frames of videos, with a text head for each target."""
