"""Classes that open pictures as the plugins of Pillow do, where it has none or a wrong one."""
