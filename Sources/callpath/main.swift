print("callpath")
