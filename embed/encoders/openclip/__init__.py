"""Encoders of OpenCLIP: texts and images."""
