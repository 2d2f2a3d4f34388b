"""Stories as edit lists: which frames of which clip, in which order, and how other programs write that down."""
