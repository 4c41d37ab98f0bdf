"""What may differ from one site to the next: settings, rules, prompts and Asterisk's includes."""
