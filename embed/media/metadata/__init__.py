"""What the files of photos say of themselves: EXIF, IPTC and XMP."""
