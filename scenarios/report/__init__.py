"""What people and programs read of a result: screens, tables and documents. Functions over results, nothing more."""
