"""What keeps a picture from noise: penalties, and what is done to pixels after a step; one regulariser a file, found by its name."""
