"""What a scan found and what a catalog knows, of millions of files, in little memory."""
