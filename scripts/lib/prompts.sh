# The spoken prompts. The program itself skips what is already spoken; the stamp spares its start.

prompt_inputs() { find "$ROOT/config/prompts" "$ROOT/scripts/prompts.py" -type f 2>/dev/null | sort; }

prompts_stamp() {
    local inputs
    mapfile -t inputs < <(prompt_inputs)
    { espeak-ng --version 2>/dev/null; sox --version 2>/dev/null; } | stamp_of "${inputs[@]}"
}

spoken() { [ -s "$ROOT/var/sounds/lengths.json" ]; }

prompts_step() {
    local stamp
    stamp=$(prompts_stamp)
    begin "Prompts in Chinese and English"
    if fresh prompts "$stamp" && spoken; then
        already "up to date"
        return
    fi
    run_step "$PYTHON" -m scripts.prompts
    finished prompts "$stamp"
}
