// Belongs to the target ash_test_headers, whose precompiled header every test uses.
