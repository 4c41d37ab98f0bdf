from scripts.fuzzing.main import main

if __name__ == "__main__":
    main()
