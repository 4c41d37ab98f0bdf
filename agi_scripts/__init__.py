"""What the dialplan may call over AGI: one file per script, one dict that lists them all."""
