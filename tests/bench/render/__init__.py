"""What one film costs, made in three ways: plain ffmpeg, MoviePy and an attempt of ours."""
