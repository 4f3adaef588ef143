"""For authors of models: begin one, check it, and run it on this machine as a site would."""
