from digits_app import digits

digits()
