"""The fakes that come with mon: a clock moved by hand, a runner and an alert that only take notes."""
