"""What leaves the site: how a delivery is worded, sent by each channel, and what its receiver answered."""
