"""The small encoder that comes with the package: texts, images and sounds in one space."""
