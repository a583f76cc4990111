"""What the pages share: who is here, how a reading is shown, and the viewer."""
