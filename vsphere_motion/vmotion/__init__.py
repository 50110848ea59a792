"""Pure knowledge of what vMotion itself is: costs, model, estimates."""
