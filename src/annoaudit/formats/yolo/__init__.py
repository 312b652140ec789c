"""YOLO data sets: folders of pictures and text files, a line an object, shares of the picture's size."""
