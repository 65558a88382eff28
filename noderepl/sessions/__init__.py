"""The sessions of a run: they are opened, resumed and ended here, and their steps are recorded."""
