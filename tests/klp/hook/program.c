// SPDX-License-Identifier: GPL-2.0-or-later
/* A patch module in user space: what the builder would have left in it, and the hook. */
#include "hook.c"
#include "kpatch-macros.h"

static void f(void) {}
static void g(void) {}
static void h(void) {}

static struct kpatch_func_record records[] __used KPATCH_SECTION(".kpatch.funcs") = {
	{ .new_addr = (unsigned long)f, .sympos = 1, .name = "f", .objname = "vmlinux" },
	{ .new_addr = (unsigned long)g, .sympos = 2, .name = "g", .objname = "ip_vs" },
	{ .new_addr = (unsigned long)h, .sympos = 0, .name = "h", .objname = "vmlinux" },
};

#ifdef WITH_CALLBACKS
static int before(patch_object *obj)
{
	return obj ? 0 : -EINVAL;
}
KPATCH_PRE_PATCH_CALLBACK(before);

static void after(patch_object *obj)
{
	KPATCH_PRINTK("after %s\n", obj->name);
}
KPATCH_POST_UNPATCH_CALLBACK(after);
#endif

#ifdef WITH_EXTRA_CALLBACK
static struct kpatch_pre_patch_callback extra __used
	KPATCH_SECTION(".kpatch.callbacks.pre_patch") = { .callback = before,
							  .objname = "loop" };
#endif

#ifdef WITH_STATES
KPATCH_STATE(timer_stopped, 0x17, 1);
KPATCH_STATE(table_grown, WITH_STATES, 3);
#endif

#ifdef WITH_WORDS
static unsigned long limits[2] = { 5, 7 };
static unsigned short mode = 0644;
static struct kpatch_word_record words[] __used KPATCH_SECTION(".kpatch.words") = {
	{ .place = &limits[0], .before = 5, .after = 6, .size = 8, .name = "limits[0]",
	  .objname = "vmlinux" },
	{ .place = &mode, .before = 0644, .after = 0600, .size = 2, .name = "mode",
	  .objname = "loop" },
	{ .place = &limits[1], .before = 8, .after = 9, .size = 8, .name = "limits[1]",
	  .objname = "vmlinux" },
};

static void print_words(const char *when)
{
	printf("%s: %lu %lu %o\n", when, limits[0], limits[1], mode);
}

/* What the kernel does of its own accord with objects that have callbacks. */
static void patch_and_unpatch(struct klp_patch *p)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 15, 0)
	struct klp_object *object;

	for (object = p->objs; object->funcs; object++)
		if (object->callbacks.pre_patch)
			printf("pre_patch %d\n", object->callbacks.pre_patch(object));
	print_words("patched");
#ifdef SET_MEANWHILE
	limits[0] = SET_MEANWHILE;
#endif
	for (object = p->objs; object->funcs; object++)
		if (object->callbacks.post_unpatch)
			object->callbacks.post_unpatch(object);
	print_words("unpatched");
#endif
}
#endif

/* The walk of the kernel: a list ends where an entry says nothing. */
static void print_object(const struct klp_object *object)
{
	const struct klp_func *func;

	printf("object %s\n", object->name ? object->name : "NULL");
	for (func = object->funcs; func->old_name || func->new_func || func->old_sympos; func++)
		printf("  %s,%lu %s\n", func->old_name, func->old_sympos,
		       func->new_func == f   ? "f" :
		       func->new_func == g   ? "g" :
		       func->new_func == h   ? "h" :
					       "?");
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 15, 0)
	if (object->callbacks.pre_patch)
		printf("  pre_patch\n");
	if (object->callbacks.post_patch)
		printf("  post_patch\n");
	if (object->callbacks.pre_unpatch)
		printf("  pre_unpatch\n");
	if (object->callbacks.post_unpatch)
		printf("  post_unpatch\n");
#endif
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
struct klp_state *klp_get_state(struct klp_patch *p, unsigned long id)
{
	struct klp_state *state;

	for (state = p->states; state && state->id; state++)
		if (state->id == id)
			return state;
	return NULL;
}

struct klp_state *klp_get_prev_state(unsigned long id)
{
	return NULL;
}
#endif

int klp_enable_patch(struct klp_patch *p)
{
	const struct klp_object *object;

	printf("enable for %s\n", p->mod->name);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0)
	printf("replace %d\n", p->replace);
#endif
	for (object = p->objs; object->funcs || object->name; object++)
		print_object(object);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
	for (const struct klp_state *state = p->states; state->id; state++)
		printf("state %#lx version %u\n", state->id, state->version);
#ifdef WITH_STATES
	printf("its own: %s\n", kpatch_state(&table_grown) == p->states + 1 ? "found" : "lost");
#endif
#endif
#ifdef WITH_WORDS
	patch_and_unpatch(p);
#endif
	return ENABLE_RESULT;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 1, 0)
int klp_register_patch(struct klp_patch *p)
{
	printf("register for %s\n", p->mod->name);
	return 0;
}

int klp_unregister_patch(struct klp_patch *p)
{
	printf("unregister for %s\n", p->mod->name);
	return 0;
}
#endif

int main(void)
{
	int ret;

#ifdef WITH_CALLBACKS
	/* The builder does that. */
	kpatch_pre_patch_data.objname = "loop";
	kpatch_post_unpatch_data.objname = "vmlinux";
#endif
	ret = run_init();
	printf("init %d\n", ret);
	if (!ret)
		run_exit();
	return 0;
}
