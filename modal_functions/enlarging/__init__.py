"""Pictures made larger by a network trained for it: Real-ESRGAN's two, from the files of weights as published."""
